"""Writes deploy/grafana/carillon.json, the dashboard for Grafana 9 and newer, from the panels of dashboard_panels.py.

    dashboard.py            writes the file
    dashboard.py --print    prints it instead
"""

import json
import pathlib
import sys

import dashboard_panels

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE = ROOT / "deploy" / "grafana" / "carillon.json"
SCHEMA = 36  # of Grafana 9.0; newer ones convert it when they load it
GRID_COLUMNS = 24
ROW_HEIGHT = 1
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
CUSTOM = {
    "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 8, "showPoints": "never",
    "spanNulls": False, "axisPlacement": "auto",
}
# A limit is a dashed red line without a fill, whatever it limits.
LIMIT = {
    "matcher": {"id": "byRegexp", "options": "/limit/"},
    "properties": [
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}},
        {"id": "custom.fillOpacity", "value": 0},
        {"id": "custom.stacking", "value": {"mode": "none", "group": "A"}},
    ],
}


def steps(colors):
    """Thresholds from [(from which value, color)]; None is the lowest."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in colors]}


def targets(panel):
    is_range = panel["kind"] in ("timeseries", "heatmap")
    return [{
        "refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expr, "legendFormat": legend,
        "range": is_range, "instant": not is_range, "editorMode": "code",
        "format": "heatmap" if panel["kind"] == "heatmap" else "time_series",
    } for number, (expr, legend) in enumerate(panel["queries"])]


def timeseries(panel):
    stacking = {"mode": "normal" if panel.get("stacked") else "none", "group": "A"}
    defaults = {"unit": panel["unit"], "min": 0, "custom": {**CUSTOM, "stacking": stacking},
                "color": {"mode": "palette-classic"}}
    if panel.get("stacked"):
        defaults["custom"]["fillOpacity"] = 30
    return {
        "fieldConfig": {"defaults": defaults, "overrides": [LIMIT]},
        "options": {
            "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def heatmap(panel):
    return {
        "fieldConfig": {"defaults": {"custom": {"scaleDistribution": {"type": "linear"}}}, "overrides": []},
        "options": {
            "calculate": False, "cellGap": 1, "filterValues": {"le": 1e-9},
            "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
            "yAxis": {"unit": panel["unit"], "axisPlacement": "left"}, "cellValues": {"unit": "short"},
            "rowsFrame": {"layout": "auto"}, "legend": {"show": True}, "tooltip": {"show": True, "yHistogram": False},
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
        },
    }


def value_panel(panel):
    """A stat or a bar gauge: the value of now, colored by thresholds."""
    defaults = {"unit": panel["unit"], "color": {"mode": "thresholds"}, "thresholds": steps(panel["colors"])}
    if panel.get("texts"):
        defaults["mappings"] = [{"type": "value", "options": {
            value: {"text": text, "index": index} for index, (value, text) in enumerate(panel["texts"].items())}}]
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto"}
    if panel["kind"] == "bargauge":
        defaults.update(min=0, max=1)
        options.update(displayMode="basic", showUnfilled=True, orientation="horizontal")
    else:
        options.update(colorMode="value", graphMode="none", justifyMode="auto", textMode=panel.get("text_mode", "auto"))
    return {"fieldConfig": {"defaults": defaults, "overrides": []}, "options": options}


FORMS = {"timeseries": timeseries, "heatmap": heatmap, "stat": value_panel, "bargauge": value_panel}


def row_panel(title, y):
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": GRID_COLUMNS, "h": ROW_HEIGHT}}


def laid_out(rows):
    """The panels of all rows from left to right; a panel that does not fit begins a new line."""
    y = 0
    for title, panels in rows:
        yield row_panel(title, y)
        x, y, line_height = 0, y + ROW_HEIGHT, 0
        for panel in panels:
            width, height = panel["size"]
            if x + width > GRID_COLUMNS:
                x, y, line_height = 0, y + line_height, 0
            yield {
                "type": panel["kind"], "title": panel["title"], "description": panel["about"], "datasource": SOURCE,
                "gridPos": {"x": x, "y": y, "w": width, "h": height}, "targets": targets(panel),
                **FORMS[panel["kind"]](panel),
            }
            x, line_height = x + width, max(line_height, height)
        y += line_height


def variable(name, label, query):
    """A variable with the values of a label, several at once. "All" also matches series without the label, such as
    the bytes of HTTP answers, which belong to no endpoint."""
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
        "allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "hide": 0, "options": [],
        "regex": "", "skipUrlSync": False,
    }


def variables():
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "",
              "current": {}, "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1,
              "skipUrlSync": False}
    return [
        source,
        variable("instance", "Instance", "label_values(carillon_build_info, instance)"),
        variable("endpoint", "Endpoint", 'label_values(carillon_connections{instance=~"$instance"}, endpoint)'),
    ]


def annotation(name, expr, color, text):
    """Marks the times that a metric has as its value."""
    return {"name": name, "datasource": SOURCE, "enable": True, "hide": False, "iconColor": color,
            "expr": expr, "useValueForTime": True, "step": "60s", "titleFormat": name, "textFormat": text}


def annotations():
    selected = '{instance=~"$instance"}'
    known = f"and on (instance) carillon_build_info{selected}"
    return [
        annotation("Starts", f"process_start_time_seconds{selected} * 1000 {known}", "blue", "{{instance}} started"),
        annotation("Reloads", f"carillon_reload_success_timestamp_seconds{selected} * 1000 > 0", "green",
                   "{{instance}} was reloaded"),
        annotation("Failed reloads", f"carillon_reload_failure_timestamp_seconds{selected} * 1000 > 0", "red",
                   "A reload of {{instance}} failed"),
    ]


def dashboard():
    panels = [{"id": number, **panel} for number, panel in enumerate(laid_out(dashboard_panels.rows()), 1)]
    return {
        "title": "Carillon", "uid": "carillon", "tags": ["carillon"], "schemaVersion": SCHEMA, "version": 1,
        "description": "Carillon gateways: clients, deliveries, the bus, the process, limits. Lines named p50 and p99 "
                       "by instance need the recording rules of deploy/prometheus/alerts.yml.",
        "editable": True, "graphTooltip": 1, "refresh": "30s", "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser", "fiscalYearStartMonth": 0, "weekStart": "", "style": "dark", "liveNow": False,
        "timepicker": {}, "links": [], "id": None,
        "annotations": {"list": annotations()}, "templating": {"list": variables()}, "panels": panels,
    }


def text():
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def main():
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text())
    else:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
