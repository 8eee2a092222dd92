"""A Broker and its Triggers: what comes in goes to every Trigger whose filter matches."""

import asyncio
import logging
from dataclasses import dataclass

from cnap.local.delivery import TTL, Delivery, Subscription
from cnap.local.events import Event, EventError, validated
from cnap.local.filters import Filter, trigger_filter
from cnap.local.manifests import ManifestError, Resource
from cnap.local.network import Network, broker_url

log = logging.getLogger("cnap.local")

TTL_START = 255
# What Knative's own default configuration gives a Broker that says nothing of delivery.
DEFAULT_DELIVERY = {"retry": 10, "backoffPolicy": "exponential", "backoffDelay": "PT0.2S"}


@dataclass(frozen=True)
class Trigger:
    """A filter and the subscription of what passes it."""

    matches: Filter
    subscription: Subscription


class Broker:
    """Synchronous, like the in-memory broker: an event is answered when its chain is done."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.triggers: list[Trigger] = []

    @property
    def path(self) -> str:
        return f"/{self.resource.namespace}/{self.resource.name}"

    async def receive(self, event: Event) -> int:
        """202 when every matching Trigger has delivered or buried the event, 400 when it is
        broken or has gone round too often, 500 otherwise."""
        ttl = _ttl(event)
        try:
            event = validated(event.without(TTL))
        except EventError as error:
            log.warning("%s: refused: %s", self.path, error)
            return 400
        if ttl <= 0:
            log.warning("%s: event %s has gone round too often", self.path, event.attributes["id"])
            return 400
        matching = [t.subscription for t in self.triggers if t.matches(event.attributes)]
        if len(matching) == 1:  # the common case needs no task of its own
            return 202 if await matching[0].deliver(event, ttl) else 500
        done = await asyncio.gather(*(one.deliver(event, ttl) for one in matching))
        return 202 if all(done) else 500

    def add_trigger(self, resource: Resource, network: Network) -> None:
        """Raises ManifestError."""
        spec, own = resource.spec, self.resource.spec.get("delivery")
        delivery = next(
            given for given in (spec.get("delivery"), own, DEFAULT_DELIVERY) if given is not None
        )
        dead_letter = None
        # A Trigger's delivery hides its Broker's, but not the Broker's dead letter sink.
        for source, given in ((resource, spec.get("delivery")), (self.resource, own)):
            if dead_letter is None and given and given.get("deadLetterSink"):
                path = "spec.delivery.deadLetterSink"
                dead_letter = network.resolve(given["deadLetterSink"], source, path)
        subscriber = network.resolve(spec.get("subscriber") or {}, resource, "spec.subscriber")
        try:
            subscription = Subscription(
                name=resource.name,
                network=network,
                subscriber=subscriber,
                reply=broker_url(self.resource.namespace, self.resource.name),
                dead_letter=dead_letter,
                delivery=Delivery.from_spec(delivery),
            )
            self.triggers.append(Trigger(trigger_filter(spec), subscription))
        except ValueError as error:
            raise ManifestError([resource.at("spec", str(error))]) from None


def _ttl(event: Event) -> int:
    try:
        return int(event.attributes[TTL]) - 1
    except (KeyError, ValueError):
        return TTL_START
