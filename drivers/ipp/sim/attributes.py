"""The printer that ippeveprinter shall be: monochrome, A4, one tray, true size. Its own default is US Letter.

The tray list must have one entry per media source, or the web form that empties the tray refuses to work.
"""

MEDIA = "iso_a4_210x297mm"
TRAY_MAX = 250

_SIZE = "MEMBER collection media-size { MEMBER integer x-dimension 21000 MEMBER integer y-dimension 29700 }"
_SHEET = f"""{{
  MEMBER keyword media-size-name {MEDIA}
  {_SIZE}
  MEMBER integer media-bottom-margin 423
  MEMBER integer media-left-margin 423
  MEMBER integer media-right-margin 423
  MEMBER integer media-top-margin 423
  MEMBER keyword media-source main
  MEMBER keyword media-type stationery
}}"""

ATTRIBUTES = f"""
ATTR boolean color-supported false
ATTR integer copies-default 1
ATTR rangeOfInteger copies-supported 1-99
ATTR mimeMediaType document-format-default application/pdf
ATTR mimeMediaType document-format-supported application/pdf
ATTR enum finishings-default 3
ATTR enum finishings-supported 3
ATTR integer media-bottom-margin-supported 423
ATTR integer media-left-margin-supported 423
ATTR integer media-right-margin-supported 423
ATTR integer media-top-margin-supported 423
ATTR collection media-col-database {_SHEET}
ATTR collection media-col-default {_SHEET}
ATTR collection media-col-ready {_SHEET}
ATTR keyword media-default {MEDIA}
ATTR keyword media-ready {MEDIA}
ATTR keyword media-supported {MEDIA}
ATTR collection media-size-supported {{ MEMBER integer x-dimension 21000 MEMBER integer y-dimension 29700 }}
ATTR keyword media-source-supported main
ATTR keyword media-type-supported stationery
ATTR enum orientation-requested-default 3
ATTR enum orientation-requested-supported 3
ATTR keyword output-bin-default face-down
ATTR keyword output-bin-supported face-down
ATTR integer pages-per-minute 30
ATTR keyword print-color-mode-default monochrome
ATTR keyword print-color-mode-supported monochrome
ATTR enum print-quality-default 4
ATTR enum print-quality-supported 4
ATTR keyword print-scaling-default none
ATTR keyword print-scaling-supported none
ATTR text printer-device-id "MFG:Madoguchi;MDL:Simulated A4 Printer;SN:SIM-0001;CMD:PDF;"
ATTR octetString printer-input-tray "type=sheetFeedAutoRemovableTray;mediafeed=29700;mediaxfeed=21000;\
maxcapacity={TRAY_MAX};level={TRAY_MAX};status=0;name=main;"
ATTR text printer-make-and-model "Madoguchi Simulated A4 Printer"
ATTR resolution printer-resolution-default 600dpi
ATTR resolution printer-resolution-supported 600dpi
ATTR keyword sides-default one-sided
ATTR keyword sides-supported one-sided,two-sided-long-edge
"""
