package qdrantrest

import (
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// geoPoint reads {"lon": …, "lat": …}.
func (r *reader) geoPoint() *pb.GeoPoint {
	p := &pb.GeoPoint{}
	var lon, lat bool
	r.object("an object with lon and lat", func(key string) bool {
		switch key {
		case "lon":
			p.Lon, lon = r.float64(), true
		case "lat":
			p.Lat, lat = r.float64(), true
		default:
			return false
		}
		return true
	})
	r.need(lon, "lon")
	r.need(lat, "lat")
	if p.Lon < -180 || p.Lon > 180 || p.Lat < -90 || p.Lat > 90 {
		r.fail("lon must be from -180 to 180 and lat from -90 to 90")
	}
	return p
}

func (r *reader) geoBox() *pb.GeoBoundingBox {
	b := &pb.GeoBoundingBox{}
	r.object("an object with top_left and bottom_right", func(key string) bool {
		switch key {
		case "top_left":
			b.TopLeft = r.geoPoint()
		case "bottom_right":
			b.BottomRight = r.geoPoint()
		default:
			return false
		}
		return true
	})
	r.need(b.TopLeft != nil, "top_left")
	r.need(b.BottomRight != nil, "bottom_right")
	return b
}

// geoRadius reads a center and a radius in metres, which the gRPC API takes in single precision.
func (r *reader) geoRadius() *pb.GeoRadius {
	g := &pb.GeoRadius{}
	sized := false
	r.object("an object with center and radius", func(key string) bool {
		switch key {
		case "center":
			g.Center = r.geoPoint()
		case "radius":
			g.Radius, sized = r.float32(), true
		default:
			return false
		}
		return true
	})
	r.need(g.Center != nil, "center")
	r.need(sized, "radius")
	return g
}

func (r *reader) geoPolygon() *pb.GeoPolygon {
	p := &pb.GeoPolygon{}
	r.object("an object with exterior and interiors", func(key string) bool {
		switch key {
		case "exterior":
			p.Exterior = r.geoLine()
		case "interiors":
			p.Interiors = orNone(r, "an array of objects with points", (*reader).geoLine)
		default:
			return false
		}
		return true
	})
	r.need(p.Exterior != nil, "exterior")
	return p
}

func (r *reader) geoLine() *pb.GeoLineString {
	l := &pb.GeoLineString{}
	r.object("an object with points", func(key string) bool {
		if key != "points" {
			return false
		}
		l.Points = list(r, "an array of objects with lon and lat", (*reader).geoPoint)
		return true
	})
	r.need(l.Points != nil, "points")
	return l
}

// timeLayouts are the ways of writing a point in time that Qdrant takes; without a zone it is UTC.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

func (r *reader) timestamp() *timestamppb.Timestamp {
	text := r.string()
	t, ok := parseTime(text)
	if !ok {
		r.fail("expected a point in time (RFC 3339), such as 2026-01-31T12:00:00Z")
	}
	return timestamppb.New(t)
}

// parseTime reads a point in time to the microsecond, as Qdrant keeps it.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Truncate(time.Microsecond), true
		}
	}
	return time.Time{}, false
}
