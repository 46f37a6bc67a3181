"""When to try again: exponential back-off with full jitter, so that those that failed together return apart."""


def backoff(failures: int, random_unit: float, base_s: float = 2.0, cap_s: float = 600.0) -> float:
    """Seconds to wait after that many failures in a row; `random_unit` is drawn from [0, 1) by the caller."""
    if failures < 0 or not 0.0 <= random_unit <= 1.0:
        raise ValueError("failures count from 0, random_unit is from 0 to 1")
    # Beyond 64 doublings any cap is reached; without a bound the power would grow for ever.
    return random_unit * min(cap_s, base_s * 2.0 ** min(failures, 64))
