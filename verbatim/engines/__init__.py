"""Engines: ways to run one recipe in one root file system. They differ in how, never in what comes out."""
