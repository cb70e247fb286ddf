"""Tests of the check suite."""
