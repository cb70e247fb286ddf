"""Tests of the injection grammar."""
