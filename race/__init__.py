"""The race: how fast does each chat bring a message to all of its friends, and what does one sleeping friend cost?"""
