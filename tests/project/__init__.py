"""Tests of all that is no step: what a learner's file is never held to."""
