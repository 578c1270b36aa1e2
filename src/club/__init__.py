"""The command `club`, for learners: the map, the checker, catching up, a look at the machine, the club for the room."""
