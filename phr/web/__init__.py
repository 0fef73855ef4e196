"""The pages for residents, nurses, researchers and operators, rendered on the server."""
