"""How the admin writes dates and times, in place of what Django knows of its language."""
