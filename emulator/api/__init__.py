"""The platform's REST API: who may ask, what can be asked, and each resource's answers."""
