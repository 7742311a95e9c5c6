"""The vendors' HTTP interfaces. No ORM, no Django models; failures are `gateway.errors`."""
