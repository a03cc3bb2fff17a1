// Package echarts holds Apache ECharts, which draws the charts of a report's page.
package echarts

import _ "embed" // for Script

// Script is the library as one script, which defines the global name echarts.
//
//go:embed echarts.min.js
var Script string
