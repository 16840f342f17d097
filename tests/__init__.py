"""Tests of raysal."""
