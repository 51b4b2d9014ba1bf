"""Models in a folder, ``.tidewatch/`` unless told otherwise: the ports of storage over readable files."""
