"""Groups of commands whose help lists each command with its whole first paragraph."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """Lists a command on as many lines as it takes; otherwise one line is all that is shown."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that is described whole."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and command.help and not command.short_help:
            command.short_help = command.help.partition("\n\n")[0].replace("\n", " ")
        return command
