"""What every table is: SQLModel's tables validate nothing, so what would validate is not made."""

from sqlmodel import SQLModel


class Row(SQLModel):
    """A row of ours. Its validator would be built when its module is imported, for a twentieth of a second in all."""

    model_config = {"defer_build": True}
