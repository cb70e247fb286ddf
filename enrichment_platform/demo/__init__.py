"""The demo: generated support tickets, and a summary of what became of them."""
