"""The window: everything a person does with a bench, on the service's client (never on a driver)."""
