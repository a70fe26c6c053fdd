package qdrantrest

import (
	"fmt"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

type (
	decoder  = func(o *Operation, r *reader, p params) proto.Message
	encoding = func(o *Operation, e *encoder, reply proto.Message) bool
)

// metered is a reply that may say what it cost.
type metered interface{ GetUsage() *pb.Usage }

func (o *Operation) encode(reply proto.Message, elapsed time.Duration) ([]byte, error) {
	if o.route.text != "" {
		return []byte(o.route.text), nil
	}
	if o.missing(reply) {
		return EncodeError(o.Status(reply), "Not found: Point with id "+o.names[1]+" does not exists!", elapsed), nil
	}
	e := &encoder{b: make([]byte, 0, 1024)}
	if o.route.bare {
		return e.b, o.encoded(e, reply)
	}
	e.raw(`{"result":`)
	if err := o.encoded(e, reply); err != nil {
		return nil, err
	}
	e.raw(`,"status":"ok","time":`)
	e.float64(elapsed.Seconds())
	if m, ok := reply.(metered); ok {
		e.usage(m.GetUsage())
	}
	e.raw("}")
	return e.b, nil
}

func (o *Operation) encoded(e *encoder, reply proto.Message) error {
	if !o.route.encode(o, e, reply) {
		return fmt.Errorf("%s has no reply of type %T", o.Method, reply)
	}
	return nil
}

// missing says whether the one point that was asked for does not exist.
func (o *Operation) missing(reply proto.Message) bool {
	m, ok := reply.(*pb.GetResponse)
	return ok && o.route.one && len(m.GetResult()) == 0
}

func (e *encoder) usage(u *pb.Usage) {
	if u.GetHardware() == nil && u.GetInference() == nil {
		return
	}
	e.raw(`,"usage":{`)
	if h := u.GetHardware(); h != nil {
		e.key("hardware")
		e.message(h.ProtoReflect())
	}
	e.key("inference")
	if i := u.GetInference(); i != nil {
		e.message(i.ProtoReflect())
	} else {
		e.raw("null")
	}
	e.raw("}")
}

// wanted is what the i-th query of the request asked for.
func (o *Operation) wanted(i int) wants {
	if i < len(o.wants) {
		return o.wants[i]
	}
	return wants{}
}

func encodeVersion(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.HealthCheckReply)
	if !ok {
		return false
	}
	e.raw("{")
	e.key("title")
	e.str(m.GetTitle())
	e.key("version")
	e.str(m.GetVersion())
	if m.Commit != nil {
		e.key("commit")
		e.str(m.GetCommit())
	}
	e.raw("}")
	return true
}

func encodeUpdate(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.PointsOperationResponse)
	if ok {
		e.updateResult(m.GetResult())
	}
	return ok
}

func encodeUpdateBatch(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.UpdateBatchResponse)
	if ok {
		items(e, m.GetResult(), (*encoder).updateResult)
	}
	return ok
}

var updateStatuses = map[pb.UpdateStatus]string{
	pb.UpdateStatus_Acknowledged: "acknowledged", pb.UpdateStatus_Completed: "completed", pb.UpdateStatus_WaitTimeout: "wait_timeout",
}

func (e *encoder) updateResult(u *pb.UpdateResult) {
	e.raw("{")
	if u.GetOperationId() != 0 || u != nil && u.OperationId != nil {
		e.key("operation_id")
		e.uint(u.GetOperationId())
	}
	e.key("status")
	status, ok := updateStatuses[u.GetStatus()]
	if !ok {
		status = "acknowledged" // what has not been reported as done
	}
	e.str(status)
	e.raw("}")
}

func encodeCount(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.CountResponse)
	if ok {
		e.raw(`{"count":`)
		e.uint(m.GetResult().GetCount())
		e.raw("}")
	}
	return ok
}
