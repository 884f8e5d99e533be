"""The servers that Carillon is measured beside: each module says how one is had, started, and asked."""
