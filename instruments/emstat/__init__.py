"""PalmSens EmStat Pico, EmStat4 and Nexus: MethodSCRIPT over a serial port."""
