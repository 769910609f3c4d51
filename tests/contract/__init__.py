"""The contract: whole commands against real servers, with what must come of them."""
