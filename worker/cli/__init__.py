"""What an operator types: each verb a thin function over a lower room."""
