package botengine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// A format says how a placeholder shows its value in the conversation's
// language. The zero format shows it as it is.
type format struct {
	kind     string // "", formatNumber, formatMoney or formatDate
	currency currency.Unit
}

const (
	formatNumber = "number"
	formatMoney  = "money"
	formatDate   = "date"
)

// parseFormat reads "number", "date" or "money PLN".
func parseFormat(s string) (format, error) {
	kind, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	f := format{kind: kind}
	switch {
	case kind == formatMoney:
		unit, err := currency.ParseISO(strings.TrimSpace(rest))
		if err != nil {
			return f, fmt.Errorf("%q names no currency; write it as money EUR", s)
		}
		f.currency = unit
	case (kind == formatNumber || kind == formatDate) && rest == "":
	default:
		return f, fmt.Errorf("there is no format %q; take number, date, or money with a currency, as money EUR", s)
	}
	return f, nil
}

// show formats a value. One that is not what the format is for is shown as it
// is: a flow may have kept anything in the variable.
func (f format) show(value string, tag language.Tag) string {
	switch f.kind {
	case formatNumber:
		if n, ok := plainNumber(value); ok {
			return message.NewPrinter(tag).Sprint(number.Decimal(n, number.MaxFractionDigits(9)))
		}
	case formatMoney:
		if n, ok := plainNumber(value); ok {
			return showMoney(n, f.currency, tag)
		}
	case formatDate:
		if d, err := time.Parse(time.DateOnly, value); err == nil {
			return showDate(d.Day(), int(d.Month()), d.Year(), value, tag)
		}
	}
	return value
}

// plainNumber reads a number whose digits all survive.
func plainNumber(s string) (float64, bool) {
	if len(s) > 16 || strings.ContainsAny(s, "eExXpPnNiI_") {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// symbols are what people write for a currency; others go by their code.
var symbols = map[string]string{"PLN": "zł", "EUR": "€", "CZK": "Kč", "GBP": "£", "USD": "$"}

// noBreak keeps a number and what belongs to it on one line.
const noBreak = "\u00a0"

// showMoney writes an amount: the currency's sign before it in English, after it
// in most languages of Europe (CLDR's currency patterns).
func showMoney(n float64, unit currency.Unit, tag language.Tag) string {
	scale, _ := currency.Standard.Rounding(unit)
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	amount := message.NewPrinter(tag).Sprint(number.Decimal(n, number.Scale(scale)))
	code := unit.String()
	symbol := symbols[code]
	base, _ := tag.Base()
	if base.String() != "en" {
		if symbol == "" {
			symbol = code
		}
		return sign + amount + noBreak + symbol
	}
	switch code {
	case "EUR", "GBP", "USD":
		return sign + symbol + amount
	}
	return sign + code + noBreak + amount
}

// months are the names a date takes, in the case that follows a day.
var months = map[string][12]string{
	"pl": {"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	"cs": {"ledna", "února", "března", "dubna", "května", "června", "července", "srpna", "září", "října", "listopadu", "prosince"},
}

// showDate writes a date in words. A language whose months are not known here
// gets the date as ISO 8601 has it, which nobody misreads.
func showDate(day, month, year int, iso string, tag language.Tag) string {
	base, _ := tag.Base()
	names, ok := months[base.String()]
	if !ok {
		return iso
	}
	switch name := names[month-1]; base.String() {
	case "en":
		if region, _ := tag.Region(); region.String() == "US" && tag.String() != "en" {
			return fmt.Sprintf("%s %d, %d", name, day, year)
		}
		return fmt.Sprintf("%d %s %d", day, name, year)
	case "pl":
		return fmt.Sprintf("%d %s %d", day, name, year)
	default:
		return fmt.Sprintf("%d. %s %d", day, name, year)
	}
}
