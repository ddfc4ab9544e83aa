"""The control API below `/_emulator`: accounts, scenarios, clocks, waits, journals, for whoever drives the emulator."""
