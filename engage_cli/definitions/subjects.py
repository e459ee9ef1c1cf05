"""What an audience is of: users, or accounts."""

from enum import StrEnum


class Subject(StrEnum):
    """The kind of thing that a condition is true or false of; the value is that of `of:`."""

    USERS = "users"
    ACCOUNTS = "accounts"

    @property
    def one(self) -> str:
        """One of them, in a word."""
        return "user" if self is Subject.USERS else "account"

    @property
    def id_name(self) -> str:
        """The name of their ids, in files and as a trait."""
        return f"{self.one}_id"

    @property
    def source(self) -> str:
        """The kind of source that their traits come from."""
        return "profiles" if self is Subject.USERS else "accounts"

    @property
    def other(self) -> "Subject":
        """The other kind, which memberships link with this one."""
        return Subject.ACCOUNTS if self is Subject.USERS else Subject.USERS
