"""People who sign in."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import languages, zones


class UserManager(BaseUserManager["User"]):
    """Creates members by e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A member. Raises ValueError without an e-mail address."""
        if not email:
            raise ValueError("A member needs an e-mail address.")
        user = self.model(email=email.lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A member who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """A person who signs in with an e-mail address."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(_("e-mail address"), unique=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[zones.check],
        help_text="Empty until their browser or they themselves have said it.",
    )
    language = models.CharField(
        max_length=10,
        blank=True,
        validators=[languages.check],
        help_text="Empty until their browser or they themselves have said it.",
    )
    left_at = models.DateTimeField(
        null=True, blank=True, help_text="When the account was closed; the row says nobody since."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_member_per_email_in_any_case")
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def zone(self) -> tzinfo:
        """In which they read times."""
        return zones.zone(self.time_zone)

    @property
    def reads_in(self) -> str:
        """The language in which they are written to."""
        return languages.code(self.language)

    def learn_time_zone(self, name: str) -> None:
        """What the browser says counts as long as nobody has said anything else."""
        if not self.time_zone and name in zones.known():
            self.time_zone = name
            if self.pk is not None:
                User.objects.filter(pk=self.pk, time_zone="").update(time_zone=name)

    def choose_language(self, code: str) -> None:
        """What they have chosen themselves; what is no language of ours changes nothing."""
        if code in languages.known():
            self.language = code
            self.save(update_fields=["language"])

    def learn_language(self, code: str) -> None:
        """What they read in when they come counts as long as they have chosen nothing else."""
        if not self.language and code in languages.known():
            self.language = code
            if self.pk is not None:
                User.objects.filter(pk=self.pk, language="").update(language=code)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]
