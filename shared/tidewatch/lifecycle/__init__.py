"""What happens to a model once it judges: what it said is kept, and compared with what another would have said.

Each module is imported by its own name: a prediction keeps what it said, and needs nothing else of this room.
"""
