"""All rows, in the order in which they are measured and shown."""

from .channels import CHANNEL_ROW
from .connects import CONNECTS
from .encodings import ENCODINGS
from .floor import FLOOR
from .latency import LATENCY
from .memory import MEMORY
from .million import MILLION
from .peers import ROWS as PEER_ROWS
from .rates import RATES
from .redis_intake import REDIS_INTAKE
from .shards import SHARDS
from .stalled import STALLED_READERS

ROWS = (FLOOR, RATES, LATENCY, MEMORY, STALLED_READERS, CONNECTS, REDIS_INTAKE, CHANNEL_ROW, ENCODINGS, SHARDS,
        MILLION, *PEER_ROWS)
