"""Words of the sign-in library's pages that we say in our own way in another language.

They stand in allauth's templates and forms; of a string that is marked here too, our catalogue's
translation goes before the library's, whose German says Du. Its English is said in our own words in
`locale/en`, where nothing else stands.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

OF_ALLAUTH = (
    # Signing in, out and up
    _("Sign In"),
    _("Sign Up"),
    _("Signup"),
    _("Are you sure you want to sign out?"),
    _("Already have an account? Then please %(link)ssign in%(end_link)s."),
    _("If you have not created an account yet, then please %(link)ssign up%(end_link)s first."),
    _("You are already logged in as %(user_display)s."),
    _("You have signed out."),
    _("Too many failed login attempts. Try again later."),
    _("Be patient, you are sending too many requests."),
    # Passwords
    _(
        "Forgotten your password? Enter your email address below, and we'll send you an email "
        "allowing you to reset it."
    ),
    _("Please contact us if you have any trouble resetting your password."),
    _("Please type your current password."),
    _("You must type the same password each time."),
    # Addresses
    _("Remove"),
    _("Primary"),
    _("Make Primary"),
    _("Re-send Verification"),
    _("Do you really want to remove the selected email address?"),
    _("Removed email address %(email)s."),
    _("Primary email address set."),
    _("Your primary email address must be verified."),
    _("You cannot remove your primary email address."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You cannot add more than %d email addresses."),
    _("You have confirmed %(email)s."),
    # Two factors
    _("Two-Factor Authentication"),
    _("Recovery Codes"),
    _("Recovery codes"),
    _("Authenticator code"),
    _("Authenticator secret"),
    _("You are about to generate a new set of recovery codes for your account."),
    _("You are about to deactivate authenticator app based authentication. Are you sure?"),
)
