import pytest

from cnap.local import ManifestError

PREFIX = "autoscaling.knative.dev/"


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"class": "hpa.autoscaling.knative.dev"}, "only kpa.autoscaling.knative.dev"),
        ({"metric": "rps"}, "'rps': only concurrency"),
        ({"window": "5s"}, "Knative accepts 6s to 1h"),
        ({"window": "soon"}, "'soon' is not a duration"),
        ({"min-scale": "few"}, "annotations.autoscaling.knative.dev/min-scale"),
        ({"target": "0"}, "must be above 0"),
    ],
)
async def test_what_the_autoscaler_cannot_do(run, objects, annotations, message):
    service = objects.service(annotations={PREFIX + name: v for name, v in annotations.items()})
    with pytest.raises(ManifestError, match=message):
        await run(service)


async def test_all_settings(run, objects):
    settings = {
        "class": "kpa.autoscaling.knative.dev",
        "metric": "concurrency",
        "min-scale": "0",
        "max-scale": "4",
        "initial-scale": "0",
        "activation-scale": "2",
        "target": "5",
        "target-utilization-percentage": "50",
        "window": "10s",
        "scale-down-delay": "20s",
        "scale-to-zero-pod-retention-period": "1m",
        "target-burst-capacity": "-1",
    }
    service = objects.service(
        annotations={PREFIX + name: value for name, value in settings.items()},
        pod={"containerConcurrency": 3, "timeoutSeconds": 30},
    )
    runtime = await run(service)
    revision = runtime._services["fn.cnap.svc.cluster.local"].revision
    assert (revision.concurrency, revision.timeout, revision.public) == (3, 30, False)
    scale = revision.scale
    assert (scale.maximum, scale.activation, scale.target, scale.utilization) == (4, 2, 3, 0.5)
    assert (scale.window, scale.down_delay, scale.retention) == (10, 20, 60)
