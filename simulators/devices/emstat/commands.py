"""The commands of MethodSCRIPT as tables: what arguments each takes, and where it may stand.

Kinds of argument:

new        name of a variable that the command declares
new_array  name of an array that the command declares
out        variable or array element that the command writes
var        variable or array element that the command reads
in         variable, array element or literal
array      name of an array
literal    literal number
vartype    type of a variable
op         comparison
text       string or f-string
"""

SIMPLE_COMMANDS: dict[str, str] = {
    # Variables
    "var": "new",
    "array": "new_array in",
    "store_var": "out literal vartype",
    "copy_var": "var out",
    "add_var": "out in",
    "sub_var": "out in",
    "mul_var": "out in",
    "div_var": "out in",
    "mod_var": "out in",
    "pow_var": "out in",
    "log_var": "out",
    "bit_and_var": "out in",
    "bit_or_var": "out in",
    "bit_xor_var": "out in",
    "bit_lsl_var": "out in",
    "bit_lsr_var": "out in",
    "bit_inv_var": "out",
    "int_to_float": "out",
    "float_to_int": "out",
    "float_to_int_round": "out",
    "alter_vartype": "out vartype",
    "array_get": "array in out",
    "array_set": "array in var",
    "mean": "array out",
    # Flow
    "breakloop": "",
    "abort": "",
    "wait": "in",
    "set_int": "in",
    "await_int": "",
    "timer_start": "",
    "timer_get": "out",
    "get_time": "out",
    # Output
    "pck_start": "",
    "pck_add": "var",
    "pck_end": "",
    "send_string": "text",
    "set_script_output": "in",
    # Potentiostat
    "set_pgstat_chan": "in",
    "set_pgstat_mode": "in",
    "set_max_bandwidth": "in",
    "set_range": "vartype in",
    "set_range_minmax": "vartype in in",
    "set_autoranging": "vartype in in",
    "set_cr": "in",
    "set_e": "in",
    "set_i": "in",
    "cell_on": "",
    "cell_off": "",
    "meas": "in out vartype",
    # Accepted, without an effect on the simulated cell
    "set_acquisition_frac": "in",
    "set_acquisition_frac_autoadjust": "in",
    "set_channel_sync": "in",
    "set_gpio_cfg": "in in",
    "set_gpio": "in",
    "set_gpio_msk": "in in",
    "set_gpio_pullup": "in in",
    "get_gpio": "out",
    "get_gpio_msk": "out in",
    "notify_led": "in",
    "file_open": "text in",
    "file_close": "",
}
"""Commands of one line."""

LOOP_COMMANDS: dict[str, str] = {
    "meas_loop_ocp": "out in in",
    "meas_loop_ca": "out out in in in",
    "meas_loop_cp": "out out in in in",
    "meas_loop_lsv": "out out in in in in",
    "meas_loop_lsp": "out out in in in in",
    "meas_loop_cv": "out out in in in in in",
    "meas_loop_eis": "out out out in in in in in",
    "meas_loop_geis": "out out out in in in in in",
}
"""Measurement loops: outputs first, then settings."""

TECHNIQUES: dict[str, int] = {
    "meas_loop_lsv": 0x0000,
    "meas_loop_cv": 0x0005,
    "meas_loop_ca": 0x0007,
    "meas_loop_cp": 0x000A,
    "meas_loop_ocp": 0x000B,
    "meas_loop_eis": 0x000D,
    "meas_loop_geis": 0x000E,
    "meas_loop_lsp": 0x000F,
}
"""Number that a measurement loop prints when it starts."""

OPTIONS: dict[str, dict[str, str]] = {
    "cell_on": {"ocp": "in"},
    "meas_loop_cv": {"nscans": "in", "add_meas": "in vartype out"},
    **{
        name: {"add_meas": "in vartype out"}
        for name in ("meas_loop_ocp", "meas_loop_ca", "meas_loop_cp", "meas_loop_lsv", "meas_loop_lsp")
    },
}
"""Optional arguments, written as a function call."""

WITHOUT_VARTYPE = frozenset({"set_autoranging"})
"""Commands that old firmware took without the type, for the current."""

NOT_IN_MEASUREMENT_LOOP = frozenset({"set_pgstat_chan", "set_pgstat_mode", "meas"})

KNOWN_BUT_ABSENT = frozenset({
    "meas_loop_dpv", "meas_loop_swv", "meas_loop_npv", "meas_loop_pad", "meas_loop_acv",
    "meas_loop_eis_dual", "meas_loop_ca_alt_mux", "meas_loop_cp_alt_mux", "meas_loop_ocp_alt_mux",
    "meas_fast_cv", "meas_fast_ca", "meas_ms_eis", "meas_scp", "set_pot_range", "set_poly_we_mode",
    "set_e_aux", "set_ir_comp", "set_scan_dir", "set_bipot_mode", "set_bipot_potential", "hibernate",
    "i2c_config", "i2c_read_byte", "i2c_write_byte", "i2c_read", "i2c_write", "i2c_write_read",
    "mux_config", "mux_get_channel_count", "mux_set_channel", "smooth", "peak_detect", "rtc_get", "beep",
    "battery_perc", "get_progress", "subarray", "linear_fit", "trim_enable", "str", "store_str",
    "save_str", "load_saved_str", "save_var", "load_saved_var", "load_saved_start", "load_saved_end",
    "qr_scan",
})  # fmt: skip
"""Commands of the language that these instruments refuse as not supported."""

CAPABILITY_BITS: dict[str, int] = {
    "var": 1, "array": 2, "store_var": 3, "copy_var": 4, "add_var": 5, "sub_var": 6, "mul_var": 7,
    "div_var": 8, "set_e": 9, "set_int": 10, "await_int": 11, "wait": 12, "loop": 13, "endloop": 14,
    "breakloop": 15, "if": 16, "else": 17, "elseif": 18, "endif": 19, "get_time": 20, "meas": 21,
    "meas_loop_lsv": 23, "meas_loop_cv": 24, "meas_loop_ca": 28, "meas_loop_ocp": 30,
    "meas_loop_eis": 31, "set_autoranging": 32, "pck_start": 33, "pck_add": 34, "pck_end": 35,
    "set_max_bandwidth": 36, "set_cr": 37, "cell_on": 38, "cell_off": 39, "set_pgstat_mode": 40,
    "send_string": 41, "set_pgstat_chan": 42, "set_gpio_cfg": 43, "set_gpio_pullup": 44,
    "set_gpio": 45, "get_gpio": 46, "file_open": 50, "file_close": 51, "set_script_output": 52,
    "array_get": 53, "array_set": 54, "abort": 62, "timer_start": 63, "timer_get": 64,
    "set_range": 65, "set_range_minmax": 66, "meas_loop_cp": 67, "set_i": 68, "meas_loop_lsp": 69,
    "meas_loop_geis": 70, "int_to_float": 71, "float_to_int": 72, "bit_and_var": 73,
    "bit_or_var": 74, "bit_xor_var": 75, "bit_lsl_var": 76, "bit_lsr_var": 77, "bit_inv_var": 78,
    "set_channel_sync": 79, "set_acquisition_frac": 80, "set_gpio_msk": 84, "get_gpio_msk": 85,
    "set_acquisition_frac_autoadjust": 91, "alter_vartype": 92, "mod_var": 96, "notify_led": 97,
    "pow_var": 112, "log_var": 114, "mean": 116, "float_to_int_round": 138,
}  # fmt: skip
"""Bit of each command in the reply to CM."""

NEEDS_GALVANOSTAT = frozenset({"set_i", "meas_loop_cp", "meas_loop_lsp", "meas_loop_geis"})
