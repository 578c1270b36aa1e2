"""The classroom: one program on the teacher's computer serves the site, a board, and the lines between pupils' pages.

It is a FastAPI WebSocket program like the steps: typed messages as in step 7, and an outbox for each line as in
step 12. `room.py` and `visits.py` hold the rules, and know nothing of the network.
"""
