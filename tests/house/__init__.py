"""The whole house, run as its operator would."""
