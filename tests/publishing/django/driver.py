"""Carries out the test's commands with the page's shop/orders.py and shop/tokens.py (README.md)."""

import sys

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING={"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["console"]}},
)
django.setup()

# These need the settings.
from django.db import connection, transaction  # noqa: E402
from shop.models import Order  # noqa: E402
from shop.orders import create_order  # noqa: E402
from shop.tokens import token_for  # noqa: E402


def roll_back(title):
    """An outer transaction fails after the example's has ended."""
    try:
        with transaction.atomic():
            create_order(title)
            raise LookupError
    except LookupError:
        return "rolled back"


def create(title):
    create_order(title)
    return "created" if Order.objects.filter(title=title).exists() else "failed: the order is not saved"


COMMANDS = {"create": create, "rollback": roll_back, "token": lambda user: f"token {token_for(user)}"}

with connection.schema_editor() as editor:
    editor.create_model(Order)
for line in sys.stdin:
    command, argument = line.strip().split(" ", 1)
    print(COMMANDS[command](argument), flush=True)
