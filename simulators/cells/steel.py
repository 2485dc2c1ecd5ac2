"""Reactions at a steel electrode against lithium: oxidation, film formation, plating and stripping."""

import math
from operator import mul

from .lithium import F_OVER_R

_SQRT_PI = math.sqrt(math.pi)
_FILM_RATIO = 6.0
_FILM_TIMES_s = [0.1 * _FILM_RATIO**k for k in range(16)]
"""Relaxation times that make up t^(-1/2) within 2 % from 1 s to a month; those need slower ones."""
_FILM_WEIGHTS = [math.log(_FILM_RATIO) / _SQRT_PI / math.sqrt(time_s) for time_s in _FILM_TIMES_s]
_TRACE_C = 1e-7
_NOTHING_C = 1e-12
_LARGEST_ERROR = 1e-5
_MAX_EXPONENT = 200.0


class SteelReactions:
    """The current that reactions draw from the double layer of the steel, and what they leave there.

    - Oxidation of the electrolyte: Tafel, j_T = j_ref·10^((φ-E_ref)/b), limited by transport as
      j = j_T/(1 + j_T/j_lim).
    - Film (CEI) formation: every increase of the highest potential so far, above an onset, adds
      a current that decays as κ·ΔE·t^(-1/2); below the highest potential it falls as the
      oxidation does, with the Tafel slope.
    - Lithium: i = i_0 [exp(Fφ/2RT) - exp(-Fφ/2RT)], Butler-Volmer with α = 0.5; below 0 V it
      plates, above it strips at i·Q/(Q + T·i): at most the plated charge Q in the stripping time T,
      so that the peak ends when the lithium is gone.

    Parameters
    ----------
    reference_current_A, reference_potential_V, tafel_slope_V, limiting_current_A : float
        j_ref·A, E_ref, b and j_lim·A of the oxidation.
    film_onset_V, film_coefficient : float
        Onset, and κ·A in A·s^½/V.
    exchange_current_A, stripping_time_s, temperature_K : float
        i_0·A, the stripping time, and the temperature of the lithium reaction.
    start_potential_V : float
        Potential at which the electrode has rested so far.
    plating_efficiency : float
        Share of the plated lithium that can be stripped.
    """

    def __init__(
        self,
        *,
        reference_current_A: float,
        reference_potential_V: float,
        tafel_slope_V: float,
        limiting_current_A: float,
        film_onset_V: float,
        film_coefficient: float,
        exchange_current_A: float,
        stripping_time_s: float,
        temperature_K: float,
        start_potential_V: float,
        plating_efficiency: float = 1.0,
    ) -> None:
        self._reference_A = reference_current_A
        self._reference_V = reference_potential_V
        self._per_V = math.log(10.0) / tafel_slope_V
        self._limiting_A = limiting_current_A
        self._film_weights = [film_coefficient * weight for weight in _FILM_WEIGHTS]
        self._exchange_A = exchange_current_A
        self._half_f = 0.5 * F_OVER_R / temperature_K
        self._stripping_s = stripping_time_s
        self._efficiency = plating_efficiency
        self._film_steps: dict[float, tuple[list[float], float]] = {}
        self.plated_C = 0.0
        self.lithium_A = 0.0
        self.highest_V = max(start_potential_V, film_onset_V)
        self._film: list[float] = [0.0] * len(_FILM_TIMES_s)
        self._film_is_formed = False
        self._sensitivity = 0.0
        self._plated_C = 0.0
        self.begin(0.0, settled=False)

    def begin(self, seconds: float, settled: bool) -> None:
        """Prepare the evaluation of `current` at the end of a step of `seconds`."""
        self._seconds = seconds
        self._settled = settled
        decay, self._film_slope = self._film_step(seconds)
        self._film_A = 0.0
        if self._film_is_formed:
            self._film_A = sum(
                weight * d * film
                for weight, d, film in zip(self._film_weights, decay, self._film, strict=True)
            )

    def current(self, potential_V: float) -> tuple[float, float]:
        """Return the current in A at the end of the step, and its slope in A/V, at a potential."""
        exponent = (potential_V - self._reference_V) * self._per_V
        tafel = self._reference_A * math.exp(min(exponent, _MAX_EXPONENT))
        unlimited = 1.0 + tafel / self._limiting_A
        current = tafel / unlimited
        slope = self._per_V * current / unlimited
        above_V = potential_V - self.highest_V
        if above_V > 0.0:
            current += self._film_A + self._film_slope * above_V
            slope += self._film_slope
        elif self._film_A:
            film = self._film_A * math.exp(self._per_V * above_V)
            current += film
            slope += self._per_V * film
        if potential_V < 0.0 or self.plated_C > 0.0:
            lithium, lithium_slope = self._lithium(potential_V)
            return current + lithium, slope + lithium_slope
        self._plated_C = self._lithium_A = self._sensitivity = 0.0
        return current, slope

    def accepts(self) -> bool:
        """Whether the plated charge changes little enough in the step, as far as that matters."""
        if self.plated_C <= _TRACE_C or not self._sensitivity:
            return True
        share = abs(self._plated_C - self.plated_C) / self.plated_C
        return share * self._sensitivity * (1.0 if self._settled else share) < _LARGEST_ERROR

    def finish(self, potential_V: float) -> None:
        """Bring film and plated lithium to the end of the step."""
        above_V = potential_V - self.highest_V
        if above_V > 0.0 or self._film_is_formed:
            added = max(above_V, 0.0)
            decay, _ = self._film_step(self._seconds)
            self._film = [d * (film + added) for d, film in zip(decay, self._film)]  # noqa: B905  hot
            self._film_is_formed = True
            self.highest_V += added
        self.lithium_A = self._lithium_A
        self.plated_C = self._plated_C
        if self.plated_C < _NOTHING_C and potential_V >= 0.0:
            self.lithium_A = self.plated_C = 0.0

    def admittance(self, potential_V: float, frequency_Hz: float) -> complex:
        """Small-signal admittance in S of all reactions in the present state."""
        exponent = (potential_V - self._reference_V) * self._per_V
        tafel = self._reference_A * math.exp(min(exponent, _MAX_EXPONENT))
        film = sum(map(mul, self._film_weights, self._film))
        film *= math.exp(self._per_V * min(potential_V - self.highest_V, 0.0))
        admittance = complex(self._per_V * (tafel / (1.0 + tafel / self._limiting_A) ** 2 + film))
        current, slope = self._butler_volmer(potential_V)
        if potential_V < 0.0:
            return admittance + slope
        if self.plated_C <= 0.0:
            return admittance
        reach = self.plated_C + self._stripping_s * current
        by_potential = slope * (self.plated_C / reach) ** 2
        by_charge = self._stripping_s * (current / reach) ** 2
        # Stripping takes charge away: i = g_E·E - g_Q·i/(jω).
        return admittance + by_potential / (1.0 + by_charge / (2j * math.pi * frequency_Hz))

    def _butler_volmer(self, potential_V: float) -> tuple[float, float]:
        """Return current and slope of lithium that does not run out, in A and A/V."""
        k = self._half_f
        anodic = math.exp(max(-_MAX_EXPONENT, min(k * potential_V, _MAX_EXPONENT)))
        cathodic = 1.0 / anodic
        return self._exchange_A * (anodic - cathodic), self._exchange_A * k * (anodic + cathodic)

    def _lithium(self, potential_V: float) -> tuple[float, float]:
        """Return current and slope at the end of a step, in A and A/V, and keep the plated charge.

        The charge is advanced by the trapezoidal rule, or at the final rate where the step is
        settled or next to nothing is left. For stripping that is a quadratic equation.
        """
        current, slope = self._butler_volmer(potential_V)
        seconds = self._seconds
        before = self.plated_C
        if before > _TRACE_C and not self._settled:
            seconds *= 0.5
            before = max(before - seconds * self._taken_A(self.lithium_A), 0.0)
        self._sensitivity = 0.0
        if current <= 0.0:
            self._plated_C = before - seconds * self._taken_A(current)
            self._lithium_A = current
            return current, slope
        delay = self._stripping_s * current
        half = 0.5 * (before - delay - seconds * current)
        root = math.sqrt(half * half + before * delay)
        # Of the two forms of the root, the one that does not cancel.
        plated = half + root if half > 0.0 else before * delay / (root - half)
        reach = plated + delay
        self._plated_C = plated
        self._lithium_A = current * plated / reach
        self._sensitivity = seconds * self._stripping_s * (current / reach) ** 2
        return self._lithium_A, slope * (plated / reach) ** 2 / (1.0 + self._sensitivity)

    def _taken_A(self, current_A: float) -> float:
        """Return the current that counts for the plated lithium: not all that is plated can be stripped."""
        return current_A if current_A > 0.0 else current_A * self._efficiency

    def _film_step(self, seconds: float) -> tuple[list[float], float]:
        found = self._film_steps.get(seconds)
        if found is None:
            if len(self._film_steps) > 512:
                self._film_steps.clear()
            decay = [math.exp(-seconds / time_s) for time_s in _FILM_TIMES_s]
            slope = sum(weight * d for weight, d in zip(self._film_weights, decay, strict=True))
            found = self._film_steps[seconds] = (decay, slope)
        return found
