"""The functions that a `sql:` condition may use: pure ones, that read neither files, nor settings, nor a clock.

`ALLOWED_NAMES` are names as DuckDB spells them, of functions that sqlglot has no node for; `ALLOWED_CLASSES` the names of its node classes.
"""

ALLOWED_NAMES = frozenset(
    """
    abs any_value arg_max arg_min array_agg array_length array_to_string avg bool_and bool_or ceil ceiling coalesce concat
    concat_ws contains corr count count_if date_diff date_part date_sub date_trunc datediff day dayname dayofmonth dayofweek
    dayofyear ends_with epoch epoch_ms exp extract first floor format greatest hour ifnull instr isfinite isnan isodow
    json_array_length json_contains json_exists json_extract json_extract_string json_keys json_type json_valid json_value
    lag last last_day last_value lcase lead least left len length levenshtein list list_aggregate list_any_value list_concat
    list_contains list_count list_distinct list_extract list_filter list_has_all list_has_any list_max list_min list_sort
    list_sum list_transform list_unique ln log log10 log2 lower lpad ltrim mad make_date make_timestamp max md5 median min
    minute mod mode month monthname nth_value ntile nullif percent_rank pow power quantile_cont quantile_disc quarter rank
    regexp_extract regexp_full_match regexp_matches regexp_replace replace reverse right round row_number rpad rtrim second
    sha256 sign split split_part sqrt starts_with stddev stddev_pop stddev_samp str_split strftime string_agg strip_accents
    strlen strpos strptime substr substring sum time_bucket timezone to_days to_hours to_minutes to_months to_seconds
    to_timestamp to_weeks to_years trim trunc try_strptime ucase unnest upper var_pop var_samp variance week weekday
    weekofyear year yearweek
    """.split()
)

ALLOWED_CLASSES = frozenset(
    """
    Abs AnyValue ApproxDistinct ArgMax ArgMin Array ArrayAgg ArrayAll ArrayAny ArrayConcat ArrayContains ArrayContainsAll
    ArrayDistinct ArrayFilter ArrayMax ArrayMin ArrayOverlaps ArraySize ArraySlice ArraySum ArrayToString Avg BitwiseAndAgg
    BitwiseOrAgg Ceil Coalesce Concat ConcatWs Contains Corr Count CountIf CumeDist Date DateAdd DateDiff DateFromParts
    DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname DenseRank EndsWith Exp Extract First
    FirstValue Floor Greatest GroupConcat Hour IsInf IsNan JSONArrayContains JSONArrayLength JSONExtract JSONExtractArray
    JSONExtractScalar JSONKeys JSONType JSONValue Lag Last LastDay LastValue Lead Least Left Length Levenshtein Ln Log
    LogicalAnd LogicalOr Lower MD5 Max Median Min Minute Mod Mode Month Monthname NthValue Ntile Nullif ParseJSON
    PercentRank PercentileCont PercentileDisc Pow Quantile Quarter Rank RegexpExtract RegexpFullMatch RegexpILike RegexpLike
    RegexpReplace Replace Reverse Right Round RowNumber SHA2 Second Sign SortArray Split SplitPart Sqrt StartsWith Stddev
    StddevPop StddevSamp StrPosition StrToDate StrToTime StringToArray StrftimeToStr Struct StructExtract Substring Sum
    TimeToStr TimeToUnix Timestamp TimestampTrunc ToDays Transform Trim Trunc TryCast TsOrDsToDate UnixToTime Unnest Upper
    VariancePop Variance Week WeekOfYear Year
    """.split()
)
