"""Advanced Revenue Management: elements from source lines, plans from events, recognition journals.

As in the real thing nothing happens while a source is saved: Update Revenue Arrangements, Update
Revenue Plans and Create Revenue Recognition Journal Entries do the work, here on the control
interface's month end; the first two also every three hours, if they are set to automatic.
"""

from __future__ import annotations
