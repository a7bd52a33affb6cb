"""Tests of the verdict on a server before it is connected."""
