package awstest

import "slices"

// secret is one of Secrets Manager: its versions, and which of them has a label.
type secret struct {
	versions map[string]value
	stages   map[string]string
}

type value struct {
	Binary []byte
	String string
}

func answerOf(name, version string, more map[string]any) map[string]any {
	out := map[string]any{"ARN": "arn:aws:secretsmanager:" + Region + ":111122223333:secret:" + name + "-AbCdEf", "Name": name, "VersionId": version}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// Stages are the labels of a secret's versions.
func (s *Server) Stages(name string) (out map[string]string) {
	s.with(func() {
		out = map[string]string{}
		if x := s.secrets[name]; x != nil {
			for k, v := range x.stages {
				out[k] = v
			}
		}
	})
	return out
}

// Put gives a secret a current version, as an administrator would.
func (s *Server) Put(name string, binary []byte) {
	s.with(func() {
		s.secrets[name] = &secret{map[string]value{"00000000-0000-4000-8000-000000000000": {Binary: binary}}, map[string]string{"AWSCURRENT": "00000000-0000-4000-8000-000000000000"}}
	})
}

func (s *Server) create(body []byte) (any, error) {
	var in struct {
		Name, ClientRequestToken, Description, SecretString string
		SecretBinary                                        []byte
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) < 32 {
		return nil, refused("InvalidParameterException")
	}
	if s.secrets[in.Name] != nil {
		return nil, refused("ResourceExistsException")
	}
	s.secrets[in.Name] = &secret{map[string]value{in.ClientRequestToken: {in.SecretBinary, in.SecretString}}, map[string]string{"AWSCURRENT": in.ClientRequestToken}}
	return answerOf(in.Name, in.ClientRequestToken, nil), nil
}

func (s *Server) get(body []byte) (any, error) {
	var in struct{ SecretId, VersionStage, VersionId string }
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	x := s.secrets[in.SecretId]
	if x == nil {
		return nil, refused("ResourceNotFoundException")
	}
	stage := in.VersionStage
	if stage == "" {
		stage = "AWSCURRENT"
	}
	id, ok := x.stages[stage]
	if !ok {
		return nil, refused("ResourceNotFoundException")
	}
	v, more := x.versions[id], map[string]any{}
	var labels []string
	for l, of := range x.stages {
		if of == id {
			labels = append(labels, l)
		}
	}
	slices.Sort(labels)
	more["VersionStages"], more["CreatedDate"] = labels, 1.7e9
	if v.Binary != nil {
		more["SecretBinary"] = v.Binary
	} else {
		more["SecretString"] = v.String
	}
	return answerOf(in.SecretId, id, more), nil
}

func (s *Server) put(body []byte) (any, error) {
	var in struct {
		SecretId, ClientRequestToken string
		SecretBinary                 []byte
		VersionStages                []string
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	x := s.secrets[in.SecretId]
	if x == nil {
		return nil, refused("ResourceNotFoundException")
	}
	if len(in.ClientRequestToken) < 32 || len(in.VersionStages) == 0 {
		return nil, refused("InvalidParameterException")
	}
	x.versions[in.ClientRequestToken] = value{Binary: in.SecretBinary}
	for _, l := range in.VersionStages {
		x.stages[l] = in.ClientRequestToken
	}
	return answerOf(in.SecretId, in.ClientRequestToken, map[string]any{"VersionStages": in.VersionStages}), nil
}

func (s *Server) move(body []byte) (any, error) {
	var in struct{ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId string }
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	x := s.secrets[in.SecretId]
	if x == nil {
		return nil, refused("ResourceNotFoundException")
	}
	had := x.stages[in.VersionStage]
	if had != "" && in.RemoveFromVersionId != had {
		return nil, refused("InvalidParameterException") // a label is to be taken from who has it
	}
	if in.MoveToVersionId == "" {
		if in.VersionStage == "AWSCURRENT" {
			return nil, refused("InvalidParameterException") // there always is one
		}
		delete(x.stages, in.VersionStage)
		return answerOf(in.SecretId, had, nil), nil
	}
	if _, ok := x.versions[in.MoveToVersionId]; !ok {
		return nil, refused("InvalidParameterException")
	}
	x.stages[in.VersionStage] = in.MoveToVersionId
	if in.VersionStage == "AWSCURRENT" {
		x.stages["AWSPREVIOUS"] = had
	}
	return answerOf(in.SecretId, in.MoveToVersionId, nil), nil
}
