"""Sets what the metrics cost against the CPU that a router takes.

    cost.py ROUTER RATE COUNTING.json

Reads the router's own process_cpu_seconds_total and intents_total over half a minute, and what counting one intent
and one scrape take (benches/counting.rs). Prints the share of each; ends with 1 when it is 2 % or more.
"""

import json
import sys
import time
import urllib.request

SECONDS, SCRAPED_EVERY_S, ALLOWED = 30, 15, 0.02


def read(router):
    with urllib.request.urlopen(f"http://{router}/metrics", timeout=5) as answer:
        lines = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line and line[0] != "#"]
    total = lambda name: sum(float(value) for key, value in lines if key.split("{")[0] == name)
    return total("process_cpu_seconds_total"), total("onefill_intents_total"), total("process_start_time_seconds")


def main():
    router, wanted, costs = sys.argv[1], float(sys.argv[2]), json.loads(open(sys.argv[3]).read())
    (cpu, intents, began), start = read(router), time.monotonic()
    time.sleep(SECONDS)
    (cpu_then, intents_then, began_then), length = read(router), time.monotonic() - start
    if began != began_then:
        print("the router was restarted while it was measured: try again")
        return 1
    rate, used = (intents_then - intents) / length, (cpu_then - cpu) / length
    counting, scraping = rate * costs["intent_ns"] / 1e9, costs["scrape_ns"] / 1e9 / SCRAPED_EVERY_S
    share = (counting + scraping) / used
    print(f"router            {rate:8.0f} intents/s take {100 * used:6.1f} % of a core ({wanted:.0f} were wanted)")
    print(f"counting          {costs['intent_ns']:8.1f} ns an intent   {100 * counting / used:6.3f} % of that")
    print(f"a scrape in {SCRAPED_EVERY_S} s  {costs['scrape_ns'] / 1e6:8.2f} ms each        {100 * scraping / used:6.3f} % of that")
    print(f"together          {100 * share:.3f} % of the router's CPU; {100 * ALLOWED:.0f} % are allowed")
    return 0 if share < ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
