from cnap.local.autoscaler import Autoscaler, Scale


def scale(**settings):
    """One request at a time for each replica, over ten seconds."""
    return Autoscaler(Scale(**{"target": 1.0, "utilization": 1.0, "window": 10.0, **settings}))


def test_zero_until_a_request_comes():
    assert scale().desired(100, ready=0) == 0


def test_the_first_request_starts_a_replica_at_once():
    autoscaler = scale()
    autoscaler.record(100, 1)
    assert autoscaler.desired(100, ready=0) == 1


def test_a_burst_at_zero_starts_as_many_as_it_needs():
    autoscaler = scale(target=2.0)
    autoscaler.record(100, 5)
    assert autoscaler.desired(100, ready=0) == 3


def test_utilization_leaves_room():
    autoscaler = scale(utilization=0.7)
    autoscaler.record(100, 2)
    assert autoscaler.desired(100, ready=0) == 3


def test_a_short_peak_on_a_quiet_service_starts_nothing():
    autoscaler = scale(target=10.0)
    autoscaler.record(100, 1)
    autoscaler.record(109, 20)
    autoscaler.record(109.1, 1)
    assert autoscaler.desired(109.2, ready=1) == 1


def test_panic_scales_up_within_its_window_and_not_down_before_the_stable_one():
    autoscaler = scale()
    autoscaler.record(100, 1)
    autoscaler.record(109, 4)
    assert autoscaler.desired(110, ready=1) == 4
    autoscaler.record(110, 1)
    assert autoscaler.desired(115, ready=4) == 4
    assert autoscaler.desired(121, ready=4) == 1


def test_to_zero_after_the_window():
    autoscaler = scale()
    autoscaler.record(100, 1)
    autoscaler.record(101, 0)
    assert autoscaler.desired(110.9, ready=1) == 1
    assert autoscaler.desired(111.1, ready=1) == 0


def test_retention_keeps_the_last_one_longer():
    autoscaler = scale(retention=30.0)
    autoscaler.record(100, 1)
    autoscaler.record(101, 0)
    assert autoscaler.desired(140, ready=1) == 1
    assert autoscaler.desired(141.1, ready=1) == 0


def test_limits():
    autoscaler = scale(minimum=2, maximum=3)
    assert autoscaler.desired(100, ready=0) == 2
    autoscaler.record(100, 50)
    assert autoscaler.desired(100, ready=2) == 3


def test_activation_scale_counts_from_zero_only():
    autoscaler = scale(activation=3)
    assert autoscaler.desired(100, ready=0) == 0
    autoscaler.record(100, 1)
    assert autoscaler.desired(100, ready=0) == 3
    assert autoscaler.desired(101, ready=3) == 1


def test_the_scale_down_delay_holds_the_highest_wish():
    autoscaler = scale(down_delay=60.0)
    autoscaler.record(100, 3)
    assert autoscaler.desired(100, ready=0) == 3
    autoscaler.record(101, 0)
    assert autoscaler.desired(150, ready=3) == 3
    assert autoscaler.desired(161, ready=3) == 0


def test_replicas_of_the_initial_scale_stay_for_a_window_without_requests() -> None:
    scaler = Autoscaler(Scale(initial=1, window=10))
    scaler.begin(100.0)
    assert scaler.desired(109.0, ready=1) == 1
    assert scaler.desired(110.5, ready=1) == 0
