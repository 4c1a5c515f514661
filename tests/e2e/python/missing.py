"""What a user sees who is too old, or asks for what is not there: missing.py old|route|automation|newer."""

import sys

from prefect.client.orchestration import get_client

with get_client(sync_client=True) as client:
    if sys.argv[1] == "old":
        client._client.headers["X-PREFECT-API-VERSION"] = "0.7.0"
        client.read_flows()
    elif sys.argv[1] == "newer":
        client._client.headers["X-PREFECT-API-VERSION"] = "0.9.0"
        client.request("POST", "/flows/", json={"name": "of-the-future", "colour": "red"})
        print(client.read_flow_by_name("of-the-future").name)
    elif sys.argv[1] == "route":
        client.request("POST", "/ui/flows/next-runs", json={})
