"""The panels of deploy/grafana/carillon.json: what each shows and why one looks at it. tools/dashboard.py lays them
out and writes the file."""

OF = 'instance=~"$instance"'
AT = OF + ',endpoint=~"$endpoint"'
HALF, THIRD, SMALL = (12, 8), (8, 8), (3, 4)
GOOD = [(None, "green")]


def rate(metric, labels=OF):
    return f"rate({metric}{{{labels}}}[$__rate_interval])"


def total(expr, *labels):
    """The sum by some labels, without any the sum of all."""
    return f"sum by ({', '.join(labels)}) ({expr})" if labels else f"sum({expr})"


def more(metric, *labels, of=OF):
    """How much a counter has grown, by labels, within the time that each point stands for: for what happens rarely."""
    return total(f"increase({metric}{{{of}}}[$__rate_interval])", *labels)


def quantile(which, metric, *labels):
    return f"histogram_quantile({which}, {total(rate(f'{metric}_bucket'), 'le', *labels)})"


def share(part, whole):
    return f"{part}{{{OF}}} / {whole}{{{OF}}}"


BUSIEST = f"max({rate('carillon_bus_events_received_total')})"


def graph(title, about, unit, *queries, size=THIRD, stacked=False):
    return {"kind": "timeseries", "title": title, "about": about, "unit": unit, "queries": queries, "size": size,
            "stacked": stacked}


def value(title, about, unit, *queries, colors=GOOD, texts=None, size=SMALL, **more_options):
    return {"kind": "stat", "title": title, "about": about, "unit": unit, "queries": queries, "size": size,
            "colors": colors, "texts": texts, **more_options}


def overview():
    latency = "carillon_delivery_latency_seconds"
    return [
        value("Gateways", "Instances that Prometheus can scrape.", "short",
              (f"count(carillon_build_info{{{OF}}})", "gateways"), size=(2, 4)),
        value("Firing alerts", "Alerts of deploy/prometheus/alerts.yml that are firing. docs/troubleshooting.md has a "
              "section for each.", "short", ('count(ALERTS{alertname=~"Carillon.+",alertstate="firing"}) or vector(0)',
                                             "firing"), colors=[(None, "green"), (1, "red")]),
        value("Bus", "Whether every instance is connected to its broker, subscribed, and gets its probes back.", "short",
              (f"min(carillon_bus_up{{{OF}}})", "bus"), colors=[(None, "red"), (1, "green")],
              texts={"0": "down", "1": "up"}),
        value("Memory", "The highest memory pressure of the instances. From 85 % of the limit new clients are refused, "
              "from 95 % the clients furthest behind are closed.", "short",
              (f"max(carillon_memory_level{{{OF}}})", "level"),
              colors=[(None, "green"), (1, "orange"), (2, "red")],
              texts={"0": "normal", "1": "refusing clients", "2": "closing clients"}),
        value("Connections", "Open WebSocket connections.", "short", (total(f"carillon_connections{{{AT}}}"), "open")),
        value("Events per second", "Events received from the bus by the instance that received most: usually every instance "
              "receives every event.", "short", (BUSIEST, "events")),
        value("Deliveries per second", "Events written to client sockets, one per event and client.", "short",
              (total(rate("carillon_deliveries_total", AT)), "deliveries")),
        value("Delivery latency", "From an event's arrival to its write to a client's socket, over all instances.", "s",
              (quantile(0.5, latency), "p50"), (quantile(0.99, latency), "p99"),
              colors=[(None, "green"), (0.1, "orange"), (0.5, "red")], size=(4, 4), text_mode="value_and_name"),
        graph("Connections", "Open WebSocket connections by endpoint.", "short",
              (total(f"carillon_connections{{{AT}}}", "endpoint"), "{{endpoint}}"), size=HALF, stacked=True),
        graph("Events and deliveries per second", "Events of the instance that received most, and the deliveries of all: "
              "their ratio is the fan-out.", "short", (BUSIEST, "events"),
              (total(rate("carillon_deliveries_total", AT)), "deliveries"), size=HALF),
    ]


def clients():
    return [
        graph("Upgrades and closes per second", "Clients that connect and that leave. Both high: clients reconnect again "
              "and again.", "short", (total(rate("carillon_upgrades_total", AT), "endpoint"), "upgrades {{endpoint}}"),
              (total(rate("carillon_closes_total", AT), "endpoint"), "closes {{endpoint}}")),
        graph("Refusals per second by reason", "HTTP requests and upgrades that were refused. docs/troubleshooting.md "
              "explains each reason.", "short",
              (total(f"instance_reason:carillon_refusals:rate5m{{{OF}}}", "reason") + " > 0", "{{reason}}"),
              stacked=True),
        graph("Closes per second by reason", "Why connections ended. client_close and client_gone are the client's "
              "doing.", "short",
              (total(f"instance_reason:carillon_closes:rate5m{{{OF}}}", "reason") + " > 0", "{{reason}}"),
              stacked=True),
        graph("Handshake latency", "From accepting a connection to the 101 that answers its first request. The client's "
              "network and, with TLS, its handshake are part of it.", "s",
              (quantile(0.5, "carillon_handshake_seconds"), "p50"),
              (quantile(0.99, "carillon_handshake_seconds"), "p99")),
        graph("TLS handshakes per second", "Resumed handshakes cost much less CPU than full ones.", "short",
              (total(rate("carillon_tls_handshakes_total")), "handshakes"),
              (total(rate("carillon_tls_resumptions_total")), "of these resumed")),
        graph("Cached tokens", "Tokens that were found in the cache, as a share. When it is low every upgrade costs the "
              "check of a signature.", "percentunit",
              (total(rate("carillon_token_cache_hits_total"), "instance") + " / ("
               + total(rate("carillon_token_cache_hits_total"), "instance") + " + "
               + total(rate("carillon_token_cache_misses_total"), "instance") + ")", "found {{instance}}")),
        graph("Messages from clients per second", "Data messages that clients send, and pings and pongs.", "short",
              (total(rate("carillon_client_messages_received_total", AT), "endpoint"), "messages {{endpoint}}"),
              (total(rate("carillon_client_control_frames_received_total")), "pings and pongs")),
        graph("Received from clients", "Bytes received, by endpoint. Those of HTTP requests belong to no endpoint.", "Bps",
              (total(rate("carillon_client_received_bytes_total", AT), "endpoint"), "from {{endpoint}}")),
        graph("HTTP requests per second", "Requests other than upgrades, and wrong API keys among them.", "short",
              (total(rate("carillon_http_requests_total"), "instance"), "requests {{instance}}"),
              (total(rate("carillon_wrong_api_keys_total"), "instance"), "wrong keys {{instance}}")),
    ]


def delivery():
    latency = "carillon_delivery_latency_seconds"
    return [
        {"kind": "heatmap", "title": "Delivery latency", "unit": "s", "size": HALF,
         "about": "How many sampled writes (one in 64) took how long since their event arrived. A second cloud above the "
                  "first one is clients that are slow.",
         "queries": [(total(f"increase({latency}_bucket{{{OF}}}[$__rate_interval])", "le"), "{{le}}")]},
        graph("Delivery latency by instance", "Over five minutes.", "s",
              (f"instance:{latency}:p50_rate5m{{{OF}}}", "p50 {{instance}}"),
              (f"instance:{latency}:p99_rate5m{{{OF}}}", "p99 {{instance}}"), size=HALF),
        graph("Recipients of an event in a shard", "Clients of one shard that an event goes to, in a sample of one in 16. Times "
              "the number of shards it is the fan-out.", "short",
              (quantile(0.5, "carillon_event_recipients"), "p50"), (quantile(0.99, "carillon_event_recipients"), "p99")),
        graph("Deliveries per write", "The coalescing ratio: how many events leave with one system call. It rises with the "
              "load, so that one delivery costs less.", "short",
              (total(rate("carillon_deliveries_total"), "instance") + " / " + total(rate("carillon_writes_total"),
                                                                                    "instance"), "{{instance}}")),
        graph("Sent to clients", "Bytes sent, by endpoint. Those of HTTP answers belong to no endpoint.", "Bps",
              (total(rate("carillon_client_sent_bytes_total", AT), "endpoint"), "to {{endpoint}}")),
        graph("Blocked connections", "Connections whose socket buffer is full. Many at once: the network of the gateway; a "
              "few: the clients' own.", "short",
              (f"carillon_blocked_connections{{{OF}}}", "{{instance}}")),
        graph("Slow consumers", "Connections that were found slow, by the limit that they broke.", "short",
              (more("carillon_slow_consumers_total", "rule"), "over {{rule}}")),
        graph("Backlog", "Memory of events that at least one client has not been sent. At the limit the client furthest "
              "behind is closed.", "bytes", (f"carillon_backlog_bytes{{{OF}}}", "backlog {{instance}}"),
              (f"carillon_backlog_limit_bytes{{{OF}}}", "limit {{instance}}")),
        graph("Lost inside the gateway", "Batches that a shard's inbox had no room for, and events skipped, which is "
              "always a fault of the gateway. Both lines must stay at zero.", "short",
              (more("carillon_batches_dropped_total"), "batches dropped"),
              (more("carillon_events_skipped_total"), "events skipped"), size=HALF),
        graph("Channels and selections", "Channels with a subscriber, and distinct selections with a log of their own.",
              "short", (f"carillon_channels{{{OF}}}", "channels {{instance}}"),
              (f"carillon_selections{{{OF}}}", "selections {{instance}}"), size=HALF),
    ]


def bus():
    return [
        graph("Events per second", "Events received from the bus, and routed: one per event and endpoint that relays it. "
              "Summed over the instances.", "short", (total(rate("carillon_bus_events_received_total")), "received"),
              (total(rate("carillon_events_routed_total", AT), "endpoint"), "routed to {{endpoint}}")),
        graph("Dropped events per second by reason", "Events that clients do not receive: a producer's or the "
              "configuration's mistake, or a lack of memory.", "short",
              (total(rate("carillon_events_dropped_total"), "reason") + " > 0", "{{reason}}"), stacked=True),
        graph("Interruptions", "Gaps, lost connections, probes that did not come back, failovers, and checks of the "
              "broker's address that got no answer.", "short", (more("carillon_bus_gaps_total"), "gaps"),
              (more("carillon_bus_disconnects_total"), "disconnects"),
              (more("carillon_bus_probes_missed_total"), "probes missed"),
              (more("carillon_bus_failovers_total", "reason"), "failover: {{reason}}"),
              (more("carillon_bus_address_checks_total", of=OF + ',result="missed"'), "address checks missed")),
        graph("Round trip through the broker", "Mean time from publishing a probe (one every five seconds) to its "
              "arrival.", "s", (f"{rate('carillon_bus_round_trip_seconds_sum')} / "
                                f"{rate('carillon_bus_round_trip_seconds_count')}", "mean {{instance}}")),
        graph("Publish latency", "From a complete publish request to the broker's acknowledgement of all of its events.",
              "s", (quantile(0.5, "carillon_publish_latency_seconds"), "p50"),
              (f"instance:carillon_publish_latency_seconds:p99_rate5m{{{OF}}}", "p99 {{instance}}")),
        graph("Published events per second", "Events that the bus has acknowledged, and publishes that failed.", "short",
              (total(rate("carillon_bus_events_published_total")), "acknowledged"),
              (total(rate("carillon_bus_publish_failures_total")), "failed"),
              (total(rate("carillon_client_publish_failures_total")), "failed, of WebSocket clients"),
              (total(rate("carillon_publish_unrouted_total")), "to channels that no endpoint carries")),
        graph("Refused publish requests per second", "Requests to the publish API and to ingest routes that were refused, "
              "by reason.", "short",
              (total(rate("carillon_publish_refusals_total"), "reason") + " > 0", "publish: {{reason}}"),
              (total(rate("carillon_ingest_refusals_total"), "reason") + " > 0", "route: {{reason}}"), size=HALF),
        graph("Ingest routes", "Requests to routes that became an event.", "short",
              (total(rate("carillon_ingest_accepted_total"), "instance"), "accepted {{instance}}"), size=HALF),
    ]


def process():
    ours = f"and on (instance) carillon_build_info{{{OF}}}"
    return [
        graph("CPU", "Cores that the process uses. A shard is one thread, so there are at most as many as shards, and "
              "some for key sets and reloads.", "short",
              (f"{rate('process_cpu_seconds_total')} {ours}", "{{instance}}")),
        graph("Memory", "Resident memory, and the limit that memory pressure is measured against.", "bytes",
              (f"process_resident_memory_bytes{{{OF}}} {ours}", "resident {{instance}}"),
              (f"carillon_memory_used_bytes{{{OF}}}", "used {{instance}}"),
              (f"carillon_memory_limit_bytes{{{OF}}}", "limit {{instance}}")),
        graph("File descriptors", "Open descriptors and their limit. Every connection is one. Absent above 10,000 on a "
              "kernel before Linux 6.2.", "short", (f"process_open_fds{{{OF}}} {ours}", "open {{instance}}"),
              (f"process_max_fds{{{OF}}} {ours}", "limit {{instance}}")),
        graph("Turns of the event loops", "How long one round of reading, timers, sending and accepting takes, over five "
              "minutes. Everything waits for the turn before it.", "s",
              (f"instance:carillon_loop_turn_seconds:p50_rate5m{{{OF}}}", "p50 {{instance}}"),
              (f"instance:carillon_loop_turn_seconds:p99_rate5m{{{OF}}}", "p99 {{instance}}")),
        graph("Longest turn of a loop", "The longest turn of each shard between two scrapes.", "s",
              (f"carillon_loop_lag_max_seconds{{{OF}}}", "{{instance}} shard {{shard}}")),
        graph("Signs of overload", "Turns in which the slice for reading was too short, and lag that was excused because "
              "the gateway itself was late.", "short",
              (total(rate("carillon_read_slices_exhausted_total"), "instance"), "reading {{instance}}"),
              (total(rate("carillon_lag_excused_total"), "instance"), "lag excused {{instance}}")),
        graph("Accepting", "Pauses in accepting connections, connections on the spare descriptor, and idle connections that "
              "were closed to make room.", "short", (more("carillon_accept_pauses_total"), "pauses"),
              (more("carillon_accepts_reserve_total"), "on the spare descriptor"),
              (more("carillon_http_idle_closes_total"), "idle connections closed")),
        graph("Log lines", "Lines that were dropped because the log is not read fast enough, and lines that sampling left "
              "out.", "short", (more("carillon_log_lines_dropped_total"), "dropped"),
              (more("carillon_log_lines_suppressed_total"), "left out by sampling")),
        graph("Reloads", "Reloads of the configuration by result.", "short",
              (more("carillon_reloads_total", "result"), "{{result}}")),
    ]


def limits():
    near = [(None, "green"), (0.7, "orange"), (0.85, "red")]
    shares = [
        (f"instance:carillon_connections:sum{{{OF}}} / carillon_connections_limit{{{OF}}}", "connections {{instance}}"),
        (f"carillon_connections{{{AT}}} / carillon_endpoint_connections_limit{{{AT}}}",
         "connections of {{endpoint}} {{instance}}"),
        (share("carillon_http_connections", "carillon_http_connections_limit"), "HTTP connections {{instance}}"),
        (share("process_open_fds", "process_max_fds") + f" and on (instance) carillon_build_info{{{OF}}}",
         "descriptors {{instance}}"),
        (share("carillon_memory_used_bytes", "carillon_memory_limit_bytes"), "memory {{instance}}"),
        (share("carillon_backlog_bytes", "carillon_backlog_limit_bytes"), "backlog {{instance}}"),
        (share("carillon_request_body_bytes", "carillon_request_body_limit_bytes"), "request bodies {{instance}}"),
    ]
    return [
        {"kind": "bargauge", "title": "Use of limits", "unit": "percentunit", "queries": shares, "size": (12, 10),
         "colors": near, "about": "How much of each limit is in use now. Red is where the alerts begin."},
        value("Certificates", "Time until the first certificate of each TLS address expires.", "s",
              (f"carillon_certificate_expiry_timestamp_seconds{{{OF}}} - time()", "{{listen}} {{instance}}"),
              colors=[(None, "red"), (2 * 86400, "orange"), (14 * 86400, "green")], size=(6, 10),
              text_mode="value_and_name"),
        value("Age of key sets", "Time since the keys in use were fetched. They are fetched every hour by default.", "s",
              (f"time() - carillon_key_set_fetched_timestamp_seconds{{{OF}}}", "{{key}} {{instance}}"),
              colors=[(None, "green"), (7200, "orange"), (86400, "red")], size=(6, 10), text_mode="value_and_name"),
        graph("Connections and their limit", "Open WebSocket connections beside server.connections_max.", "short",
              (f"instance:carillon_connections:sum{{{OF}}}", "open {{instance}}"),
              (f"carillon_connections_limit{{{OF}}}", "limit {{instance}}"), size=HALF),
        graph("HTTP connections and their limit", "Connections that speak HTTP, upgrades in progress included, beside "
              "server.http_connections_max. At the limit the one that has been idle longest is closed.", "short",
              (f"carillon_http_connections{{{OF}}}", "open {{instance}}"),
              (f"carillon_http_connections_limit{{{OF}}}", "limit {{instance}}"), size=HALF),
    ]


def rows():
    return [("Overview", overview()), ("Clients", clients()), ("Delivery", delivery()), ("Bus", bus()),
            ("Process", process()), ("Limits", limits())]
