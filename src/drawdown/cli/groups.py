"""Groups of commands: help lists each one whole, and wrong values are answered in words."""

from __future__ import annotations

from typing import Any

from typer import BadParameter
from typer.core import TyperGroup


class Group(TyperGroup):
    """Lists a command on as many lines as it takes; otherwise one line is all that is shown."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that is described whole."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and command.help and not command.short_help:
            command.short_help = command.help.partition("\n\n")[0].replace("\n", " ")
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is no date is answered with how to write one."""
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            value, is_date, formats = error.message.partition(" does not match the formats ")
            if is_date:
                ways = formats.replace(", ", " or ").replace("%Y-%m-%d", "YYYY-MM-DD")
                ways = ways.replace("%H:%M:%S%z", "hh:mm:ss+00:00")
                error.message = (
                    f"{value.removeprefix('Value error, ')} is no date; write it as {ways}"
                )
            raise
