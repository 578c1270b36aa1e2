"""What the tests of the project share: a browser, the finished site, the workbench in it, verdicts, easy words."""
# ruff: noqa: F401

from project.bench import bench, kept
from project.browser import browser, expect, open_window, ordinary_windows
from project.checks import verdict
from project.firefox import firefox
from project.site import served, site, sites
from project.words import textstat
