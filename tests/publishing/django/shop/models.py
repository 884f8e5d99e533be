"""The table that the page's example writes to."""

from django.db import models


class Order(models.Model):
    """An order with the title that the test chose."""

    title = models.TextField()
