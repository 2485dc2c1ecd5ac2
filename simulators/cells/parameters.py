"""Bounds of the parameters of simulated cells, and the one sentence that refuses a bad value."""

BOUNDS: dict[str, tuple[float, float]] = {
    "resistance_ohm": (1e-6, 1e15),
    "series_ohm": (1e-6, 1e12),
    "charge_transfer_ohm": (1e-6, 1e15),
    "double_layer_F": (1e-15, 1e6),
    "diffusion_resistance_ohm": (1e-6, 1e15),
    "diffusion_time_s": (1e-6, 1e9),
    "oxidation_limit_V": (0.5, 10.0),
    "conductivity_S_per_cm": (1e-12, 10.0),
    "conductivity_30C_S_per_cm": (1e-12, 10.0),
    "conductivity_60C_S_per_cm": (1e-12, 10.0),
    "activation_energy_eV": (0.001, 5.0),
    "activation_energy_eV_VTF": (0.001, 5.0),
    "vtf_temperature_K": (0.0, 250.0),
    "temperature_degC": (-60.0, 200.0),
    "thickness_um": (0.01, 1e5),
    "area_cm2": (1e-6, 1e4),
    "open_circuit_potential_V": (0.5, 5.0),
    "leakage_resistance_ohm_cm2": (1e3, 1e15),
    "steel_double_layer_uF_per_cm2": (1e-3, 1e6),
    "interphase_resistance_ohm_cm2": (1e-3, 1e9),
    "interphase_capacitance_uF_per_cm2": (1e-6, 1e6),
    "lithium_double_layer_uF_per_cm2": (1e-3, 1e6),
    "exchange_current_density_mA_per_cm2": (1e-6, 1e3),
    "tafel_slope_mV_per_decade": (20.0, 500.0),
    "limiting_current_density_mA_per_cm2": (0.1, 1e4),
    "film_onset_V": (0.0, 10.0),
    "film_coefficient_uA_sqrt_s_per_V_cm2": (0.0, 1e6),
    "stripping_time_s": (0.01, 1e4),
    "transference_number": (0.001, 1.0),
    "capacity_mAh": (1e-6, 1e6),
    "charged": (0.0, 1.0),
    "interface_ohm": (1e-6, 1e12),
    "interface_F": (1e-12, 1e6),
    "exchange_current_mA": (1e-9, 1e6),
    "diffusion_time_h": (1e-5, 1e4),
    "fade_percent_per_cycle": (0.0, 50.0),
    "self_discharge_percent_per_day": (0.0, 100.0),
    "slow_diffusion_time_h": (1e-5, 1e4),
    "slow_share": (0.0, 0.99),
    "interface_growth_percent_per_sqrt_cycle": (0.0, 1e4),
    "upper_cutoff_V": (2.0, 6.0),
    "one_C_mAh_per_g": (1.0, 5000.0),
    "retention_percent": (1.0, 100.0),
    "retention_cycles": (2.0, 1e6),
    "retention_rate_C": (1e-3, 100.0),
    "coulombic_efficiency_percent": (1.0, 100.0),
    "critical_current_density_mA_per_cm2": (1e-4, 1e4),
    "life_h": (0.01, 1e6),
    "life_current_density_mA_per_cm2": (1e-6, 1e3),
}
"""Lowest and highest value of each parameter, in the unit that stands in its name."""


def checked(name: str, value: object) -> float:
    """Return `value` as a float within the bounds of the parameter `name`.

    Raises
    ------
    ValueError
        It is not a number, not finite, or outside the bounds; the sentence says what is allowed.
    """
    low, high = BOUNDS[name]
    allowed = f"from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number {allowed}, not {value!r}.")
    if not low <= value <= high:  # also true of NaN
        raise ValueError(f"{name} must be {allowed}, not {value!r}.")
    return float(value)
