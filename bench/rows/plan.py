"""All rows, in the order in which they are measured and shown."""

from .burst import BURST
from .channels import CHANNEL_ROW
from .connects import CONNECTS
from .encodings import ENCODINGS
from .flood import FLOOD
from .floor import FLOOR
from .history import HISTORY
from .latency import LATENCY
from .memory import MEMORY
from .million import MILLION
from .peers import ROWS as PEER_ROWS
from .publish import PUBLISH
from .rates import RATES
from .redis_intake import REDIS_INTAKE
from .resume import RESUME
from .shards import SHARDS
from .stalled import STALLED_READERS
from .transports import TRANSPORTS

ROWS = (FLOOR, RATES, LATENCY, MEMORY, STALLED_READERS, BURST, FLOOD, CONNECTS, PUBLISH, REDIS_INTAKE, CHANNEL_ROW,
        ENCODINGS, TRANSPORTS, HISTORY, RESUME, SHARDS, MILLION, *PEER_ROWS)
